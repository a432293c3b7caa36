"""Run axe-core on pages. It is injected by the debugger, so their content security policy stays in force."""

from pathlib import Path
from typing import Any

AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

RUN = """async ({tags, only}) => {
  const options = {
    runOnly: only ? {type: "rule", values: only} : {type: "tag", values: tags},
    rules: only ? {} : {"target-size": {enabled: true}}, // off by default
    resultTypes: ["violations"],
  };
  for (const animation of document.getAnimations()) {
    if (animation instanceof CSSTransition) animation.finish(); // colors halfway between day and night
  }
  const {violations} = await axe.run(document, options);
  return violations.flatMap(({id, nodes}) => nodes
    // WCAG 2.5.8 exempts pins on maps, whose positions are essential. The list has all of them.
    .filter(node => !(id === "target-size" && node.html.includes("leaflet-marker-icon")))
    // Django's search box in the admin: its label is an image with text, which this rule doesn't read.
    .filter(node => !(id === "label-title-only" && node.html.includes('id="searchbar"')))
    .map(node => `${id}: ${node.target.join(" ")}: ` +
      node.failureSummary.split("\\n").slice(1).map(line => line.trim()).join("; ")));
}"""


def with_axe(page: Any) -> Any:
    """Let every page that is opened here begin with axe-core, which takes less time than sending it to each."""
    page.add_init_script(path=AXE)
    return page


def violations(page: Any, *, only: list[str] | None = None) -> list[str]:
    """Return one line per element that breaks a rule, on a page opened with axe-core."""
    return page.evaluate(RUN, {"tags": RULES, "only": only})
