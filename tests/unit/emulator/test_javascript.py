"""A call counts where a script runs it, and nowhere else."""

import pytest

from fastflow.emulator.node.javascript import calls
from fastflow.emulator.node.markup import runs

CODE = [
    "ff1()",
    "var a = 'x'-FF1()-'';",
    "f(1, ff1())",
    "a = `x${ff1()}y`",
    "a = `x${ {b: ff1()} }y`",
    "a = `${`${ff1()}`}`",
    "a = b / 2; ff1(); c / d",
    "a = /['\"]/; ff1()",
    "a = /[/'\"]/g.test(b); ff1()",
    "return /'/.test(a) && ff1()",
    "a[0] / 1 + ff1() / 2",
    "// x\nff1()",
    "/* x */ ff1()",
    r"a = '\\'; ff1()//'",
    "ff1`x`",
]
NO_CODE = [
    "",
    "a = 'ff1()'",
    'a = "ff1()"',
    "a = `ff1()`",
    r"a = '\'-ff1()-\''",
    "a = `\\${ff1()}`",
    "a = 'it\nff1()",
    "a = 'open; ff1()",
    "a = `open; ff1()",
    "// ff1()",
    "/* ff1() */",
    "<!-- ff1()",
    "a = /ff1()/",
    "a = /[/]ff1()/",
    "off1()",
    "ff1",
    "ff12()",
    "`${a}ff1()`",
]


@pytest.mark.parametrize("code", CODE)
def test_a_call_in_code_counts(code: str) -> None:
    assert calls(code, "ff1")


@pytest.mark.parametrize("code", NO_CODE)
def test_a_call_elsewhere_does_not(code: str) -> None:
    assert not calls(code, "ff1")


LIVE = [
    "<script>ff1()</script>",
    "<SCRIPT TYPE='text/javascript'>ff1()</SCRIPT>",
    "<script type=module>ff1()</script>",
    "<svg/onload=ff1()>",
    "<x onclick='ff1&#40;)'>",
    "<a href=' java&#10;script:ff1()'>",
    "<a href='JAVASCRIPT:ff1%28)'>",
    "<form action=javascript:ff1()>",
    "<button formaction=javascript:ff1()>",
    "<iframe srcdoc='&lt;svg onload=ff1()&gt;'>",
    "<script src=//ff1.example/a.js></script>",
    "<textarea></textarea><svg onload=ff1()>",
    "<template></template><svg onload=ff1()>",
    "<!-- --><svg onload=ff1()>",
    "<p><svg onload=ff1() </p>",
]
DEAD = [
    "ff1()",
    "<p>&lt;script&gt;ff1()&lt;/script&gt;",
    "<script type=text/template>ff1()</script>",
    "<script>ff1()",
    "<textarea><svg onload=ff1()></textarea>",
    "<TITLE><svg onload=ff1()></TITLE>",
    "<noscript><svg onload=ff1()></noscript>",
    "<xmp><svg onload=ff1()></xmp>",
    "<iframe><svg onload=ff1()></iframe>",
    "<style><svg onload=ff1()></style>",
    "<template><svg onload=ff1()></template>",
    "<!-- <svg onload=ff1()> -->",
    "<img src='javascript:ff1()'>",
    "<link href='javascript:ff1()'>",
    "<a href='/javascript:ff1()'>",
    "<a href='x' href='javascript:ff1()'>",
    "<a title='onclick=ff1()'>",
    "<a data-onclick='ff1()'>",
    "</p onclick=ff1()>",
    "<svg onload=ff1() ",
    "<script src=/ff1/a.js></script>",
    "<script src=//cdn.example/?ff1.example></script>",
]


@pytest.mark.parametrize("page", LIVE)
def test_what_a_browser_runs_is_live(page: str) -> None:
    assert runs(page, "ff1")


@pytest.mark.parametrize("page", DEAD)
def test_what_a_browser_does_not_run_is_dead(page: str) -> None:
    assert not runs(page, "ff1")
