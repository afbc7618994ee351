# What `plugax_mnist` exports, each name imported on first use.

from ._batch_norm import BatchNorm as BatchNorm
from ._classifier import AbstractClassifier as AbstractClassifier
from ._classifier import AbstractStatefulClassifier as AbstractStatefulClassifier
from ._convolution import convolve as convolve
from ._convolutional import ConvolutionalNetwork as ConvolutionalNetwork
from ._dataset import Dataset as Dataset
from ._dataset import load as load
from ._image_classification import AbstractImageClassification as AbstractImageClassification
from ._lenet import LeNet5 as LeNet5
from ._mnist import FashionMnist as FashionMnist
from ._mnist import Mnist as Mnist
from ._mnist import StatefulFashionMnist as StatefulFashionMnist
from ._mnist import StatefulMnist as StatefulMnist
from ._mnist import fashion_mnist as fashion_mnist
from ._mnist import mnist as mnist
from ._normalised import NormalisedNetwork as NormalisedNetwork
from ._perceptron import Perceptron as Perceptron
from ._pooling import average_pool as average_pool
from ._pooling import max_pool as max_pool
