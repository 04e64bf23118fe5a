from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree as ET

from ingest.cli.tested import Tested, faults_of
from ingest.errors import Finding
from ingest.mapping.suite.suite import Result

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0


def write_junit(path: Path, tested: Iterable[Tested]) -> None:
    """Results as JUnit XML: a suite for each mapping, with an error for each of its findings. Raises OSError."""
    root = ET.Element("testsuites", name="ingest test")
    suites = [_suite(root, one) for one in tested]
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, 0)) for suite in suites)))
    root.set("time", _seconds(sum(float(suite.get("time", 0)) for suite in suites)))
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _suite(root: ET.Element, one: Tested) -> ET.Element:
    findings = faults_of(one.mapping)
    suite = _element(root, "testsuite", name=one.mapping.endpoint, file=one.mapping.file)
    suite.set("tests", str(len(one.results) + len(findings)))
    suite.set("failures", str(len(one.failed)))
    suite.set("errors", str(len(findings)))
    suite.set("time", _seconds(sum(result.seconds for result in one.results)))
    for finding in findings:
        _error(suite, one, finding)
    for result in one.results:
        _case(suite, one, result)
    return suite


def _case(suite: ET.Element, one: Tested, result: Result) -> None:
    place = result.place
    case = _element(suite, "testcase", name=result.name, classname=one.mapping.endpoint, file=place.file)
    case.set("line", str(place.line))
    case.set("time", _seconds(result.seconds))
    if result.faults:
        message = "; ".join(fault.message for fault in result.faults)
        failure = _element(case, "failure", message=message, type="test_failed")
        failure.text = _allowed("\n".join(f"{fault.place}: {fault}" for fault in result.faults))


def _error(suite: ET.Element, one: Tested, finding: Finding) -> None:
    place = finding.place
    case = _element(suite, "testcase", name=finding.code, classname=one.mapping.endpoint, file=place.file)
    case.set("line", str(place.line))
    _element(case, "error", message=finding.message, type=finding.code).text = _allowed(str(finding))


def _element(parent: ET.Element, tag: str, **attributes: str) -> ET.Element:
    return ET.SubElement(parent, tag, {name: _allowed(value) for name, value in attributes.items()})


def _allowed(text: str) -> str:
    """A text without the characters that XML does not allow, each of which leaves a mark."""
    return _FORBIDDEN.sub("\ufffd", text)


def _seconds(seconds: float) -> str:
    return f"{seconds:.6f}"
