"""A model that takes a second to load is loaded once in each replica and used by every execution there."""

import random
import time
from collections import Counter
from dataclasses import dataclass

import hearth

env = hearth.TaskEnvironment(
    name="warm-model",
    resources=hearth.Resources(cpu=1, memory="512Mi"),
    reusable=hearth.ReusePolicy(replicas=2, concurrency=1, scaledown_ttl=60, idle_ttl=60),
)

TEXT_WORDS = 400_000
VOCABULARY = 2_000


class Model:
    """Says which word most often follows another. Loading it reads a long text and counts every pair of words."""

    def __init__(self) -> None:
        started = time.perf_counter()
        dice = random.Random(7)
        words = [min(dice.randrange(VOCABULARY), dice.randrange(VOCABULARY)) for _ in range(TEXT_WORDS)]
        followers: dict[int, Counter[int]] = {}
        for word, follower in zip(words, words[1:]):
            followers.setdefault(word, Counter())[follower] += 1
        self.next_word = {word: counts.most_common(1)[0][0] for word, counts in followers.items()}
        self.load_seconds = time.perf_counter() - started


model: Model | None = None


@dataclass
class Prediction:
    word: int
    replica: str
    loaded: bool
    load_seconds: float


@env.task
def predict(word: int) -> Prediction:
    global model
    loaded = model is None
    if model is None:
        model = Model()
    current = hearth.current()
    replica = current.replica_id if current else "this process"
    return Prediction(model.next_word.get(word, word), replica, loaded, model.load_seconds)


@env.task
def main(n: int = 100) -> str:
    started = time.perf_counter()
    predictions = hearth.map(predict, range(n))
    seconds = time.perf_counter() - started
    loads = [prediction for prediction in predictions if prediction.loaded]
    replicas = {prediction.replica for prediction in predictions}
    load_seconds = sum(prediction.load_seconds for prediction in loads) / max(1, len(loads))
    each = load_seconds or predictions[0].load_seconds
    cold_seconds = seconds + each * (n - len(loads)) / len(replicas)
    return (
        f"{len(loads)} loads for {n} executions in {len(replicas)} replicas: {seconds:.1f} s. "
        f"Loading in every execution, it would have taken {cold_seconds:.1f} s."
    )


if __name__ == "__main__":
    hearth.init_from_config()
    run = hearth.run(main)
    print(run.name)
    print(run.url)
    print(run.outputs())
