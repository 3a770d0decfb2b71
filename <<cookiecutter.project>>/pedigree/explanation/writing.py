"""Write what the methods found: tables in reports/explain/, charts in plots/explain/."""

from __future__ import annotations

from collections.abc import Mapping

from pedigree.base.paths import PLOTS
from pedigree.base.tables import new_folder
from pedigree.explanation.interface import Explanation
from pedigree.explanation.pictures import draw
from pedigree.explanation.subject import Subject
from pedigree.explanation.tables import write_tables


def write_explanations(
    explanations: Mapping[str, Explanation], subject: Subject, top: int = 15
) -> None:
    """Write reports/explain/ and plots/explain/ anew.

    Parameters
    ----------
    explanations : mapping of str to Explanation
        By name of the method.
    subject : Subject
        What they explain.
    top : int
        Features that are drawn, the strongest.

    Examples
    --------
    >>> from pedigree import Subject, instantiate, paths, write_explanations
    >>> from pedigree.base.settings import read_settings
    >>> settings = read_settings("explain")
    >>> subject = Subject.read(settings)
    >>> shap = instantiate(settings.explain.methods.shap)(subject)
    >>> write_explanations({"shap": shap}, subject)
    >>> sorted(path.name for path in (paths.REPORTS / "explain").iterdir())
    ['curves.csv', 'global.csv', 'interactions.csv', 'rows.csv']
    """
    with new_folder(PLOTS / "explain") as folder:
        for name, explanation in explanations.items():
            draw(folder, name, explanation, subject, top)
        write_tables(explanations, subject)
