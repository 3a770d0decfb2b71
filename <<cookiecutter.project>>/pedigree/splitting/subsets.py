"""The subsets of a split, and error messages for methods that do not fit the problem."""

SUBSETS = ("train", "validation", "test")
LEFT_OUT = "left_out"
UNLABELLED = "unlabelled"
REQUIREMENTS = {  # also checked by `configure`
    "group": "split: group requires the columns of groups; set problem.group.",
    "time": "split: time requires the column of the time; set problem.time.",
    "stratified": "split: stratified requires classes; use random, group, time or hash for regression.",
}
