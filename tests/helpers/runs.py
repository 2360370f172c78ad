"""Small runs in the folder of runs."""

from gan_core import ExperimentConfig, Trainer
from gan_core.storage.run_saver import RunSaver
from gan_core.storage.runs_folder import new_folder

SMALL = {"name": "mlp", "depth": 1, "width": 8}
NETWORKS = {"generator": SMALL, "discriminator": SMALL}


def a_run(name, **experiment):
    config = ExperimentConfig.from_dict({"architecture": NETWORKS, "batch_size": 8} | experiment)
    trainer = Trainer(config, "cpu", "eager")
    keeper = RunSaver(trainer, new_folder(), name)
    trainer.step(2)
    keeper.save(trainer.snapshot())
    keeper.close()
    return keeper.folder
