from pathlib import Path

from click.testing import CliRunner

from ingest.cli import cli

MAPPING = """channel: zapier
auth: {token: T}
request:
  campaignName: c
  destination: "{{ lead.phone }}"
  userName: someone
"""


def test_try_points_at_the_expression_whose_value_aisensy_would_refuse(tmp_path: Path) -> None:
    """A forgotten `| phone` is told with its file, line, column, field and reason, and nothing is printed as a body."""
    mapping, payload = tmp_path / "m.yaml", tmp_path / "p.json"
    mapping.write_text(MAPPING)
    payload.write_text('{"phone": "98765 43210"}')
    told = CliRunner().invoke(cli, ["try", str(mapping), str(payload)])
    assert told.exit_code == 1
    assert told.stdout == ""
    assert told.stderr.startswith(f"{mapping}:5:17: request_invalid destination: ")
