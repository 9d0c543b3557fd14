# Writes OUT: a C++ file that defines SYMBOL with the content of IN.
file(READ "${IN}" content HEX)
string(LENGTH "${content}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${content}")
file(WRITE "${OUT}" "#include <string_view>
namespace assay {
extern const std::string_view ${SYMBOL};
namespace { constexpr char kBytes[] = {${bytes}'\\0'}; }
const std::string_view ${SYMBOL}(kBytes, ${size});
}  // namespace assay
")
