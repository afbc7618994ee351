# What `plugax_markov` exports, each name imported on first use.

from ._baum_welch import BaumWelch as BaumWelch
from ._filter import Filtered as Filtered
from ._filter import filter_states as filter_states
from ._filter import log_likelihood as log_likelihood
from ._hidden_markov_model import HiddenMarkovModel as HiddenMarkovModel
from ._kind import AbstractHiddenMarkov as AbstractHiddenMarkov
from ._paths import sample_paths as sample_paths
from ._simplex import stationary_distribution as stationary_distribution
from ._smoother import Smoothed as Smoothed
from ._smoother import smooth_states as smooth_states
from ._viterbi import viterbi as viterbi
