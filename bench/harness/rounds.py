"""Interleaved rounds A B C A B C …: what disturbs the machine disturbs neighbours alike; ratios in a round hold."""

import statistics


class Rounds:
    """The samples of one case: by server name, one a round."""

    def __init__(self, title):
        self.title = title
        self.samples = {}

    def add(self, name, sample):
        self.samples.setdefault(name, []).append(sample)

    def __contains__(self, name):
        return name in self.samples

    def median(self, name, value):
        return statistics.median(value(sample) for sample in self.samples[name])

    def least(self, name, value):
        """Noise only adds to CPU time, so the least of each is the best estimate of its cost."""
        return min(value(sample) for sample in self.samples[name])

    def ratio(self, name, value, base="floor"):
        """Median of the ratios to the base in the same round."""
        pairs = zip(self.samples[name], self.samples[base])
        return statistics.median(value(sample) / value(limit) for sample, limit in pairs)

    def errors(self, name):
        return sum(sample.errors for sample in self.samples[name])


def run_rounds(title, servers, rounds, measure_one, progress):
    """`servers` are names, the base among them; `measure_one(name)` gives a Sample."""
    result = Rounds(title)
    for number in range(rounds):
        progress(f"{title}: round {number + 1} of {rounds}")
        for name in servers:
            result.add(name, measure_one(name))
    return result
