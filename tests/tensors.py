"""What a server of the Open Inference Protocol answers, for the servers that tests put in the place of ours."""

import json

from p300.domain import Float32s
from p300.wire import JSON_LENGTH_HEADER, PROBABILITY_NAME


def encode_infer_response(header: dict[str, object], probabilities: Float32s) -> tuple[dict[str, str], bytes]:
    """Headers and body of a binary inference answer; probabilities are float32, of shape (n_epochs,)."""
    output = {
        "name": PROBABILITY_NAME,
        "shape": list(probabilities.shape),
        "datatype": "FP32",
        "parameters": {"binary_data_size": probabilities.nbytes},
    }
    head = json.dumps({**header, "outputs": [output]}).encode()
    return {JSON_LENGTH_HEADER: str(len(head))}, head + probabilities.tobytes()
