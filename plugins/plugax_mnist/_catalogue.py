"""The data sets known by name: their classes, mirrors and checksums."""

import dataclasses
from collections.abc import Mapping

CLASSES_OF_FASHION = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


# The names under which the four files of each set are published, before `.gz`.
TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)


@dataclasses.dataclass(frozen=True)
class Source:
    """A data set that is known by name.

    Attributes:
        name: the name in `plugax run NAME`, and of its directory.
        title: the name that its authors use.
        labels: the names of the classes.
        mirrors: addresses of directories with the four files, compressed, tried in this order.
        checksums: `algorithm:digest` of the content of each file, unpacked: mirrors compress the
            same content differently, so sums of compressed files would refuse good ones.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    mirrors: tuple[str, ...]
    checksums: Mapping[str, str]


MNIST = Source(
    name="mnist",
    title="MNIST",
    labels=tuple("0123456789"),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    checksums={
        TRAIN_IMAGES: "sha256:ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        TRAIN_LABELS: "sha256:65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        TEST_IMAGES: "sha256:0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        TEST_LABELS: "sha256:ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
)

FASHION_MNIST = Source(
    name="fashion-mnist",
    title="Fashion-MNIST",
    labels=CLASSES_OF_FASHION,
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    # Of the unpacked files only MD5 sums are published (several projects have the same ones beside
    # the authors' MD5 sums of the compressed files). MD5 still finds damage, and nobody can make a
    # second file to a given sum; what MD5 has lost, one author making two files, is no danger here.
    checksums={
        TRAIN_IMAGES: "md5:f4a8712d7a061bf5bd6d2ca38dc4d50a",
        TRAIN_LABELS: "md5:9018921c3c673c538a1fc5bad174d6f9",
        TEST_IMAGES: "md5:8181f5470baa50b63fa0f6fddb340f0a",
        TEST_LABELS: "md5:15d484375f8d13e6eb1aabb0c3f46965",
    },
)

SOURCES = {source.name: source for source in (MNIST, FASHION_MNIST)}
