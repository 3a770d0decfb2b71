"""The subsets of a split, and what a method lacks that does not fit the problem."""

SUBSETS = ("train", "validation", "test")
LEFT_OUT = "left_out"
UNLABELLED = "unlabelled"
LACKS = {  # what a method says of a problem that does not fit it; `configure` says it first
    "group": "split: group needs the columns that say which rows belong together; name them in problem.group.",
    "time": "split: time needs the column that tells when; name it in problem.time.",
    "stratified": "split: stratified needs classes; regression can use random, group, time or hash.",
}
