"""The rule language: expressions over named concepts, matched on words, with the sentence as evidence.

spec       what a rule set is made from
patterns   expressions with a name, put into others
grammar    an expression's text to its tree
lexicon    every term of every concept, found in one pass
evaluate   where a tree holds in an article
ruleset    the signals of an article: change, stage, actors, evidence
compile    configured rules to a rule set, or to everything that is wrong with them
explain    which clause of a rule held, and what is missing for the others
score      how good the rules are on labelled items
examples   the rules' own tests
"""
