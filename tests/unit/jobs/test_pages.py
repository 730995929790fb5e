"""The pages on CI systems show what `fastflow ci` writes for a spec with one workflow."""

import os
import re
from pathlib import Path

import pytest

from fastflow.app.ci_options import CiOptions
from tests.unit.jobs.pipelines import NAMES, file_of, node, pipeline_of, spec_of

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to"
PAGES = {
    "github": "github-actions",
    "gitlab": "gitlab-ci",
    "jenkins": "jenkins",
    "circleci": "circleci",
    "azure": "azure-pipelines",
    "bamboo": "bamboo",
}
ONE = spec_of(web={"record": node("recording"), "test": node("testing")})
CLONE = "./tools/fastflow"


@pytest.mark.parametrize("system", NAMES)
def test_a_page_shows_the_file_as_it_is_written_now(system: str) -> None:
    path = HOW_TO / f"{PAGES[system]}.md"
    page = path.read_text(encoding="utf-8")
    arguments = CiOptions(system, "fastflow.yml", install=CLONE).arguments
    assert f"```sh\nfastflow ci {system} --install {CLONE}\n```\n" in page
    shown = file_of(pipeline_of(ONE, system, install=CLONE, arguments=arguments), system)
    block = re.compile(r"(^```(?:yaml|groovy)\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)
    if os.environ.get("UPDATE_GOLDEN"):
        page = block.sub(lambda found: found[1] + shown + found[3], page, count=1)
        path.write_text(page, encoding="utf-8")
    found = block.search(page)
    assert found is not None
    assert found[2] == shown, "UPDATE_GOLDEN=1 writes it again"
