"""A recipe that is small and whole, and what makes it one with a baseline."""

RECIPE = """\
description: a recipe to change
seed: 1
data: {source: miniature, scale: 0.03}
model: {scratch: {layers: 2, width: 32, heads: 2}}
pretraining: {steps: 60}
finetuning: {xnli: {steps: 12, batch: 8}}
targets: {xnli: {languages: [en, de]}, pawsx: {}}
resources: {threads: 2}
"""
MAIN = "baseline: base\nexpect: {scores: {xnli: {at_least: 40}}}\nintermediate: {tasks: {mnli: {}}, steps: 30}\n"
