"""Names and shapes of Inception-v3's 566 tensors (torchvision 0.26.0's, 1008 classes, no auxiliary classifier): inception_shapes.json."""
import json

import torchvision

network = torchvision.models.inception_v3(num_classes=1008, aux_logits=False, weights=None, init_weights=False)
shapes = {name: list(tensor.shape) for name, tensor in network.state_dict().items()}
with open("inception_shapes.json", "w") as out:
    out.write("{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(shape)}" for name, shape in shapes.items()) + "\n}\n")
