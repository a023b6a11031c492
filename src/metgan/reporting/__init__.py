"""Reports: what was found, as sections, tables, pictures and pages; nothing is trained or measured here."""

from .comparison import comparison_report
from .demo import Generated, demo_report
from .downstream import downstream_report
from .evaluation import evaluation_report, faithfulness_section, similarity_section
from .label_curve import label_curve_report, worth_in_words
from .next_step import evaluate_command, generate_command, next_step
from .report import Figure, Report, Section, Table
from .training import segmentor_report, training_report, training_section

__all__ = [
    "Figure",
    "Generated",
    "Report",
    "Section",
    "Table",
    "comparison_report",
    "demo_report",
    "downstream_report",
    "evaluate_command",
    "evaluation_report",
    "faithfulness_section",
    "generate_command",
    "label_curve_report",
    "next_step",
    "segmentor_report",
    "similarity_section",
    "training_report",
    "training_section",
    "worth_in_words",
]
