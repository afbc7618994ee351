# What `plugax_mixtures` exports, each name imported on first use.

from ._abstract_mixture import AbstractMixture as AbstractMixture
from ._criteria import Criteria as Criteria
from ._criteria import criteria_of as criteria_of
from ._criteria_figure import criteria_figure as criteria_figure
from ._em import ExpectationMaximisation as ExpectationMaximisation
from ._gaussian_mixture import GaussianMixture as GaussianMixture
from ._incomplete_data import AbstractIncompleteData as AbstractIncompleteData
from ._parameters import Mixture as Mixture
from ._student_t_mixture import StudentTMixture as StudentTMixture
