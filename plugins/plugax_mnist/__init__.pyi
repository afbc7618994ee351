# What `plugax_mnist` exports, each name imported on first use.

from ._classifier import AbstractClassifier as AbstractClassifier
from ._convolution import convolve as convolve
from ._convolutional import ConvolutionalNetwork as ConvolutionalNetwork
from ._dataset import Dataset as Dataset
from ._dataset import load as load
from ._image_classification import AbstractImageClassification as AbstractImageClassification
from ._mnist import FashionMnist as FashionMnist
from ._mnist import Mnist as Mnist
from ._perceptron import Perceptron as Perceptron
from ._pooling import max_pool as max_pool
