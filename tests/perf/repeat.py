"""The work of one side of a comparison, repeated whenever the driver (ci/perf) says so; as repeat.h."""
import json
import sys
import time


def memory(field):
    for line in open("/proc/self/status"):
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    return 0


def repeat_on_demand(work, first_seconds=0.0):
    print(json.dumps({"first_seconds": first_seconds}), flush=True)
    for _ in sys.stdin:
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")  # the peak starts anew
        before = memory("VmRSS")
        start = time.perf_counter()
        processor = time.process_time()
        values = work()
        processor = time.process_time() - processor
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "processor_seconds": processor, "values": values,
                          "peak_bytes": memory("VmHWM"), "extra_bytes": memory("VmHWM") - before}), flush=True)
