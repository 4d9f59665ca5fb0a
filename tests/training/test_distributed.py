"""Two processes that train one model through gloo."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from predzip.training.checkpoint import read_checkpoint
from predzip.training.log import read_log
from training.tiny_models import tiny_transformer

PROGRAM = """
import os
import sys
from pathlib import Path
import torch
sys.path.insert(0, sys.argv[1])
from training.tiny_models import quiet_train, tiny_transformer
from predzip.training import run
from predzip.training.distributed import Group

torch.set_num_threads(1)
seen = []
original = run.export
run.export = lambda *a, **k: seen.append("export") or original(*a, **k)
old_init = run.Loop.__init__
def init(self, task, *a, **k):
    old_init(self, task, *a, **k)
    seen.append(task)
run.Loop.__init__ = init
old_exit = Group.__exit__
def leave(self, *a):
    parameter = torch.nn.Parameter(torch.zeros(3))
    parameter.grad = torch.full((3,), float(self.rank + 1))
    self.average_gradients([parameter])
    assert parameter.grad.tolist() == [1.5] * 3
    assert self.agree(float(self.rank), 1.0 - self.rank) == [1.0, 1.0]
    assert self.gather(self.rank) == [0, 1]
    total = [float(tensor.detach().double().sum()) for tensor in seen[0].module.parameters()]
    both = self.gather(total)
    assert both[0] == both[1], "processes have drifted apart"
    old_exit(self, *a)
Group.__exit__ = leave
path = quiet_train(Path(sys.argv[2]), tiny_transformer(), Path(sys.argv[3]), 6)
print("wrote" if path else "nothing", flush=True)
os._exit(0)  # once in some hundred runs torch's threads abort the end of the interpreter, when all work is done
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_two_processes(text: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(Path(__file__).parent.parent), str(text), str(folder)],
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    finished = [process.communicate(timeout=180) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], finished
    assert [out.strip() for out, _ in finished] == ["wrote", "nothing"]
    values = read_checkpoint(folder / "checkpoint.pt")
    first, second = values["tasks"]
    assert first["crops"] != second["crops"]
    recipe = tiny_transformer().recipe
    once = sum(stage.sequences * stage.length * 3 for stage in recipe.stages)
    assert values["progress"]["seen"] == 2 * once
    assert read_log(folder / "log.jsonl")[0]["processes"] == 2
