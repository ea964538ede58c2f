"""One call of the command line: exit code, what it printed, what it complained of."""

import pytest

from llmops_lab.cli import main


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main([str(each) for each in arguments])
    said = capsys.readouterr()
    return end.value.code, said.out, said.err
