"""Every path that the stages read or write, relative to the project's root.

``dvc.yaml`` names the same paths; a test compares the two.
"""

from pathlib import Path

PARAMS = Path("params.yaml")
SETTINGS = Path("settings")  # each step's own part of params.yaml
DVC_YAML = Path("dvc.yaml")
CONF = Path("conf")
CONTRACTS = Path("contracts")
LIBRARY = Path("pedigree")  # the vendored library
SCRIPTS = Path("pipeline")  # the owner's code: a script for each step
CUSTOM = Path("pipeline/custom")  # and classes and functions that settings name

EXTERNAL = Path("data/external")  # files that people put there
INCOMING = Path("data/incoming")  # later batches, for `monitor`
RAW = Path("data/raw")  # the snapshot, in the source's own format
SNAPSHOT = RAW / "snapshot.json"  # its source, and the hash of each file
LOADED = Path("data/loaded")
REJECTED = Path("data/rejected")  # rows that broke the contract, with the reason
CLEAN = Path("data/clean")
SPLIT = Path("data/split")  # train/ validation/ test/ unlabelled/
FEATURES = Path("data/features")  # train/ validation/
PREDICTIONS = Path(
    "data/predictions"
)  # validation/ test/: predictions of model, baselines and champion

ENGINEER = Path("models/engineer.skops")
SELECT = Path("models/select.skops")
WINNER = Path("models/winner.json")  # the leaderboard's best model family and its settings
BEST_PARAMS = Path("models/best_params.json")
MODEL = Path("models/model.skops")
BASELINE = Path("models/baseline.skops")  # a simple model that the final one must beat
CALIBRATOR = Path("models/calibrator.skops")  # calibrates its predictions; or null
THRESHOLD = Path(
    "models/threshold.json"
)  # the probability from which on the positive class is predicted
BUNDLE = Path("models/bundle")
MANIFEST = "sha256.json"  # in a bundle: the hash of each other file
CHAMPION = Path("models/champion/bundle")  # the one in use; see `python -m pedigree promote`

METRICS = Path("metrics")
PLOTS = Path("plots")
REPORTS = Path("reports")
TIMINGS = Path("timings")
TRIALS = Path(".trials")  # journals of `tune`: a cache, kept by neither Git nor DVC
