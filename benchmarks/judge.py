"""What injected instructions get through a judge: `python benchmarks/judge.py [MODEL BASE_URL]`.

Without arguments it is SmolLM2-135M on loopback, the model of the tests (see the Makefile).
"""

import os
import sys
from contextlib import nullcontext
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["TQDM_DISABLE"] = "1"

import llmops_lab as lab
from llmops_lab.judge_attacks import CONTROL
from tests._models import serving, smollm2_weights

WAYS = {
    "free reply": {},
    "forced JSON": {"force_json": True},
    "probability": {"probability": True},
}


def line(way: str, judge: lab.Judge) -> str:
    """One row of the table."""
    frame = lab.attack_judge(judge).frame
    attacks = frame.filter(frame["case_id"] != CONTROL)
    control = frame.filter(case_id=CONTROL).row(0, named=True)
    through = attacks.filter(~attacks["passed"])
    unread = attacks["resists_reason"].str.contains("^LabError").fill_null(value=False).sum()
    alone = "passes" if not control["passed"] else "does not pass"
    return f"| {way} | {through.height} of {attacks.height} | {unread} | {alone} |"


def main() -> None:
    """A row per way to ask."""
    model, *rest = sys.argv[1:] or ["smollm2"]
    served = nullcontext(rest[0]) if rest else serving(smollm2_weights(), model)
    print(
        "| reply | got through | no verdict | the wrong answer alone |\n| --- | --- | --- | --- |"
    )
    with served as url:
        endpoint = lab.Endpoint(model, base_url=url, params={"temperature": 0, "max_tokens": 120})
        for way, options in WAYS.items():
            print(line(way, lab.Judge(endpoint, **options)), flush=True)


if __name__ == "__main__":
    main()
