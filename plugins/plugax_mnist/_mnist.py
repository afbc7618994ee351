"""The two data sets that are known by name."""

from typing import ClassVar

from ._image_classification import AbstractImageClassification


class Mnist(AbstractImageClassification):
    """Tell handwritten digits apart: 60 000 pictures to learn from, 10 000 to be judged by.

    Source: LeCun, Bottou, Bengio and Haffner 1998, doi 10.1109/5.726791.
    """

    source: ClassVar[str] = "mnist"


class FashionMnist(AbstractImageClassification):
    """Tell clothes apart in pictures of the size and number of MNIST's.

    Source: Xiao, Rasul and Vollgraf 2017, doi 10.48550/arXiv.1708.07747.
    """

    source: ClassVar[str] = "fashion-mnist"
