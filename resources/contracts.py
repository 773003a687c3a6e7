"""Every built-in class by the protocol that it has to satisfy, for mypy: nothing here is ever run.

The registries name classes by their paths, which a type checker does not follow. A test sees that
all of theirs stand here.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.aesthetics.laion import LaionAestheticScorer
    from models.aesthetics.statistics import StatisticsScorer
    from models.chat.chat_model import ChatModel
    from models.chat.vlm import LocalVlm
    from models.describe.annotations import AnnotationDescriber
    from models.describe.chat import ChatDescriber
    from models.detect.annotations import AnnotationDetector
    from models.detect.grounding_dino import GroundingDino
    from models.detect.sam3 import Sam3
    from models.detect.yolo_world import YoloWorld
    from models.dialogues.chat import ChatDialogueWriter
    from models.dialogues.grammar import GrammarDialogueWriter
    from models.edit.editor import Editor
    from models.edit.flux2 import Flux2Editor, Flux2KleinEditor
    from models.edit.kontext import KontextEditor
    from models.edit.qwen_image_edit import QwenImageEditor
    from models.embed.open_clip import OpenClipEmbedder
    from models.embed.studio import StudioEmbedder
    from models.judge.chat import ChatJudge
    from models.judge.pair import MetricJudge
    from models.judge.vlm.editscore import EditScoreJudge
    from models.judge.vlm.judge import ImgEditJudge, LinesJudge
    from models.judge.vlm.reward import RewardJudge
    from models.paint.classical import ClassicalPainter
    from models.paint.diffusion.editor_workflow import EditorWorkflow
    from models.paint.diffusion.flux import FluxCanny, FluxFill, FluxImageToImage
    from models.paint.diffusion.flux_redux_fill import FluxReduxFill
    from models.paint.diffusion.jobs import Describe
    from models.paint.diffusion.sdxl import SdxlCanny, SdxlInpaint, SdxlStyle
    from models.paint.expand import ChatExpander, TableExpander
    from models.paint.workflows import Workflow, WorkflowPainter
    from models.safety.opennsfw import OpenNsfw
    from models.segment.grabcut import GrabCutSegmenter
    from models.segment.sam2 import Sam2
    from models.segment.transformers_sam2 import TransformersSam2
    from models.write.chat import ChatWriter
    from models.write.grammar import GrammarWriter
    from resources.chat.client import ChatClient
    from resources.chat.scripted import Scripted
    from resources.roles import (
        AestheticScorer,
        Describer,
        Detector,
        DialogueWriter,
        Embedder,
        InstructionWriter,
        Judge,
        Painter,
        SafetyFilter,
        Segmenter,
    )
    from resources.trained_judge import TrainedVariant

    AESTHETIC_SCORERS: tuple[type[AestheticScorer], ...] = (StatisticsScorer, LaionAestheticScorer)
    DESCRIBERS: tuple[type[Describer], ...] = (AnnotationDescriber, ChatDescriber)
    DETECTORS: tuple[type[Detector], ...] = (AnnotationDetector, YoloWorld, GroundingDino, Sam3)
    SEGMENTERS: tuple[type[Segmenter], ...] = (GrabCutSegmenter, Sam2, TransformersSam2)
    EMBEDDERS: tuple[type[Embedder], ...] = (StudioEmbedder, OpenClipEmbedder)
    INSTRUCTION_WRITERS: tuple[type[InstructionWriter], ...] = (GrammarWriter, ChatWriter)
    DIALOGUE_WRITERS: tuple[type[DialogueWriter], ...] = (GrammarDialogueWriter, ChatDialogueWriter)
    SAFETY_FILTERS: tuple[type[SafetyFilter], ...] = (OpenNsfw,)
    PAINTERS: tuple[type[Painter], ...] = (ClassicalPainter, WorkflowPainter)
    JUDGES: tuple[type[Judge], ...] = (
        MetricJudge,
        TrainedVariant,
        ChatJudge,
        LinesJudge,
        ImgEditJudge,
        EditScoreJudge,
        RewardJudge,
    )
    EDITORS: tuple[type[Editor], ...] = (
        Flux2Editor,
        Flux2KleinEditor,
        KontextEditor,
        QwenImageEditor,
    )
    CHAT_MODELS: tuple[type[ChatModel], ...] = (ChatClient, Scripted, LocalVlm)
    WORKFLOWS: tuple[type[Workflow], ...] = (
        SdxlInpaint,
        SdxlCanny,
        SdxlStyle,
        FluxFill,
        FluxReduxFill,
        FluxCanny,
        FluxImageToImage,
        EditorWorkflow,
    )
    EXPANDERS: tuple[type[Describe], ...] = (TableExpander, ChatExpander)
