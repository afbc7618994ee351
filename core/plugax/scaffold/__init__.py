"""New plugins, and new components of existing ones, from templates. Imports no JAX."""

from ._component import Added as Added
from ._component import NewComponent as NewComponent
from ._component import add_component as add_component
from ._distribution import LICENCES as LICENCES
from ._distribution import Distribution as Distribution
from ._existing import Plugin as Plugin
from ._existing import find_plugin as find_plugin
from ._kinds import KINDS as KINDS
from ._kinds import Kind as Kind
from ._kinds import kind_of as kind_of
from ._names import check_component_name as check_component_name
from ._names import check_plugin_name as check_plugin_name
