"""pulse8: heart rate from face video, and its model in INT8. Not a medical device.

Public names are loaded on first use, so that ``import pulse8`` costs almost nothing (PEP 562).
"""

from importlib import import_module
from typing import Any, Final

_HOMES: Final = {
    "BoardTestOptions": "pulse8.build.deploy.board.selftest",
    "BuildOptions": "pulse8.build.line",
    "CalibrateOptions": "pulse8.build.quantize.options",
    "CameraCheck": "pulse8.learn.evaluate.camera_check",
    "CameraCheckOptions": "pulse8.learn.evaluate.camera_check",
    "CellTraces": "pulse8.values",
    "ClipStream": "pulse8.measure.clips.windows",
    "Conditions": "pulse8.learn.simulate.conditions",
    "DataSetOptions": "pulse8.learn.evaluate.options",
    "DeployOptions": "pulse8.build.deploy.options",
    "DiagnoseOptions": "pulse8.build.diagnose.options",
    "Diagnosis": "pulse8.build.diagnose.diagnose",
    "Estimate": "pulse8.learn.evaluate.estimators",
    "EvaluateOptions": "pulse8.learn.evaluate.options",
    "ExportOptions": "pulse8.build.export.options",
    "Group": "pulse8.learn.evaluate.readings",
    "HeartRate": "pulse8.values",
    "IntegerProgram": "pulse8.measure.infer.program",
    "IntegerRunner": "pulse8.measure.infer.integer",
    "MeasureOptions": "pulse8.measure.reading",
    "Measurement": "pulse8.measure.line",
    "ModelSpec": "pulse8.spec",
    "Preflight": "pulse8.build.deploy.preflight.preflight",
    "PreflightOptions": "pulse8.build.deploy.preflight.options",
    "PrepareOptions": "pulse8.learn.datasets.options",
    "Protocol": "pulse8.learn.datasets.protocols",
    "ProtocolOptions": "pulse8.learn.datasets.protocols",
    "Pulse8Error": "pulse8.errors",
    "QatFiles": "pulse8.build.quantize.qat.qat",
    "QatOptions": "pulse8.build.quantize.qat.options",
    "QuantizeOptions": "pulse8.build.quantize.options",
    "RateTracker": "pulse8.measure.signal.tracker",
    "Rates": "pulse8.values",
    "RecordOptions": "pulse8.build.deploy.board.record",
    "Recording": "pulse8.values",
    "RecordingOptions": "pulse8.learn.simulate.recording",
    "RenderOptions": "pulse8.learn.simulate.rendering",
    "SimulateOptions": "pulse8.learn.simulate.patches",
    "StedgeaiOptions": "pulse8.build.deploy.vendor.options",
    "Store": "pulse8.learn.datasets.store",
    "TrainOptions": "pulse8.learn.train.options",
    "TuneOptions": "pulse8.build.tune.options",
    "Tuned": "pulse8.build.tune.tune",
    "VerifyOptions": "pulse8.build.verify.options",
    "VideoOptions": "pulse8.measure.line",
    "Waveform": "pulse8.values",
    "calibrate": "pulse8.build.quantize.calibrate",
    "camera_check": "pulse8.learn.evaluate.camera_check",
    "cell_traces": "pulse8.measure.clips.cells",
    "check_data": "pulse8.learn.datasets.check",
    "deploy": "pulse8.build.deploy.package",
    "diagnose": "pulse8.build.diagnose.diagnose",
    "draw_conditions": "pulse8.learn.simulate.presets",
    "evaluate": "pulse8.learn.evaluate.table",
    "evaluate_data_set": "pulse8.learn.evaluate.data_set",
    "evaluate_strata": "pulse8.learn.evaluate.table",
    "export": "pulse8.build.export.export",
    "fix": "pulse8.build.deploy.mend.fix",
    "joined": "pulse8.measure.signal.stitch",
    "load_program": "pulse8.measure.infer.integer",
    "measure_traces": "pulse8.measure.line",
    "measure_video": "pulse8.measure.line",
    "open_protocol": "pulse8.learn.datasets.protocols",
    "open_store": "pulse8.learn.datasets.store",
    "preflight": "pulse8.build.deploy.preflight.preflight",
    "prepare": "pulse8.learn.datasets.prepare",
    "preprocess_ubfc": "pulse8.learn.datasets.ubfc",
    "quantize": "pulse8.build.quantize.quantize",
    "quantize_qat": "pulse8.build.quantize.qat.qat",
    "read_frames": "pulse8.measure.video.decode",
    "read_trace_csv": "pulse8.measure.clips.trace_csv",
    "record_board": "pulse8.build.deploy.board.record",
    "run_board_test": "pulse8.build.deploy.board.selftest",
    "run_build": "pulse8.build.line",
    "simulate": "pulse8.learn.datasets.simulated",
    "simulate_recording": "pulse8.learn.simulate.recording",
    "stedgeai": "pulse8.build.deploy.vendor.stedgeai",
    "strata": "pulse8.learn.simulate.strata",
    "track_face": "pulse8.measure.face.track",
    "train": "pulse8.learn.train.ultralight",
    "tune": "pulse8.build.tune.tune",
    "verify": "pulse8.build.verify.verify",
    "window_clips": "pulse8.measure.clips.windows",
    "write_evaluation": "pulse8.learn.evaluate.page",
    "write_protocol": "pulse8.learn.datasets.protocols",
    "write_rendered": "pulse8.learn.simulate.rendering",
    "write_report": "pulse8.build.evidence.page",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - one table is the home of every public name


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the room defines
    if name not in _HOMES:
        raise AttributeError(f"module 'pulse8' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
