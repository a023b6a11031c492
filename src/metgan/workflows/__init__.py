"""What users ask of metgan, one file per verb: a request, and a function that carries it out.

A request is a frozen value; one that makes no sense cannot be built. The function checks what the request
names before it writes anything, reports notes and progress, and returns what it made. The command line and
other front doors build requests and show results.
"""

from metgan.studies import TrainingSetGrid

from .cluster import ClusterChoice
from .crop_choice import CropChoice
from .demo import DemoRequest, demo
from .downstream import DownstreamRequest, downstream
from .evaluate import EvaluateRequest, EvaluateResult, IndependentSegmentorChoice, evaluate
from .export import ExportRequest, ExportResult, export
from .gating import GateChoice
from .generate import GenerateRequest, GenerateResult, generate
from .info import Info, InfoRequest, info
from .inpaint import InpaintRequest, InpaintResult, inpaint
from .label_recipe import RecipeChoice
from .labels import LabelsRequest, labels
from .output import OutputPolicy
from .phantom import PhantomRequest, phantom
from .prepare import PrepareRequest, PrepareResult, prepare
from .released import ReleasedRequest, released
from .scan_files import ScanFiles
from .segmentor import SegmentorRequest, segmentor
from .settings import TrainingSettings
from .sources import Sources
from .study import RobustnessRequest, SimilarityRequest, ablation, robustness, similarity
from .study_call import StudyOptions, StudyRequest, StudyResult
from .train import SegmentorChoice, TrainRequest, TrainResult, train
from .volume_recipe import VolumeRecipeChoice

__all__ = [
    "ClusterChoice",
    "CropChoice",
    "DemoRequest",
    "DownstreamRequest",
    "EvaluateRequest",
    "EvaluateResult",
    "ExportRequest",
    "ExportResult",
    "GateChoice",
    "GenerateRequest",
    "GenerateResult",
    "IndependentSegmentorChoice",
    "Info",
    "InfoRequest",
    "InpaintRequest",
    "InpaintResult",
    "LabelsRequest",
    "OutputPolicy",
    "PhantomRequest",
    "PrepareRequest",
    "PrepareResult",
    "RecipeChoice",
    "ReleasedRequest",
    "RobustnessRequest",
    "ScanFiles",
    "SegmentorChoice",
    "SegmentorRequest",
    "SimilarityRequest",
    "Sources",
    "StudyOptions",
    "StudyRequest",
    "StudyResult",
    "TrainRequest",
    "TrainResult",
    "TrainingSetGrid",
    "TrainingSettings",
    "VolumeRecipeChoice",
    "ablation",
    "demo",
    "downstream",
    "evaluate",
    "export",
    "generate",
    "info",
    "inpaint",
    "labels",
    "phantom",
    "prepare",
    "released",
    "robustness",
    "segmentor",
    "similarity",
    "train",
]
