# What `plugax_minimise` exports, each name imported on first use.

from ._composite import AbstractComposite as AbstractComposite
