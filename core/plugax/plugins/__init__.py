"""Plugins: their hooks, how they are found, and their components. Imports no JAX."""

from ._build import build as build
from ._build import component_kind as component_kind
from ._build import integrator as integrator
from ._build import observer as observer
from ._build import optimizer as optimizer
from ._build import problem as problem
from ._build import solver as solver
from ._component import KINDS as KINDS
from ._component import Component as Component
from ._hooks import HookSpecs as HookSpecs
from ._hooks import hookimpl as hookimpl
from ._imported import imported_object as imported_object
from ._known import class_made_by as class_made_by
from ._known import factory_attribute as factory_attribute
from ._known import known_of as known_of
from ._known import preset_values as preset_values
from ._manager import PluginManager as PluginManager
from ._manager import default_manager as default_manager
from ._options import Option as Option
from ._options import options_of as options_of
from ._origin import Spec as Spec
from ._origin import origin_of as origin_of
from ._record import PluginRecord as PluginRecord
from ._written import is_path as is_path
from ._written import plain as plain
