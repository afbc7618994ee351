"""Pictures that are changed at random while a network learns from them, and mixtures of examples.

An augmentation is a function `(picture, key) -> picture`, for one picture of shape (height, width)
or (channels, height, width). It runs inside the compiled step of training, never in evaluation.
"""

from ._affine import AbstractAffine as AbstractAffine
from ._affine import Crop as Crop
from ._affine import Rotate as Rotate
from ._affine import Scale as Scale
from ._affine import Shift as Shift
from ._augment import Augmentation as Augmentation
from ._augment import augment as augment
from ._mixup import Mixup as Mixup
from ._pixels import Cutout as Cutout
from ._pixels import Noise as Noise
from ._read import read_augmentations as read_augmentations
