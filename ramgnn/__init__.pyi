from ramgnn import baselines as baselines
from ramgnn import datasets as datasets
from ramgnn.api import compare as compare
from ramgnn.api import evaluate as evaluate
from ramgnn.api import fit as fit
from ramgnn.api import from_frames as from_frames
from ramgnn.api import load as load
from ramgnn.api import load_run as load_run
from ramgnn.api import save as save
from ramgnn.config import Config as Config

__version__: str
__all__: list[str]
