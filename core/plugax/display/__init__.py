"""How results and components show themselves: as text in Python, as HTML in notebooks."""

from ._component import component_html as component_html
from ._figures import Figures as Figures
from ._figures import discard as discard
from ._figures import picture_of as picture_of
from ._html import block as block
from ._html import fold as fold
from ._html import heading as heading
from ._html import pairs as pairs
from ._html import sentences as sentences
from ._html import table as table
from ._show import show as show
from ._show import show_tree as show_tree
from ._summary import Summary as Summary
