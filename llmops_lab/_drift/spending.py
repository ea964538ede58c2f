"""How alpha is spent over all that a report can name, so that it holds for the whole report."""

# The parts are of segments, answers that got worse in a group, style and metrics over all
# queries. Perplexity takes none: it is flagged beyond a ratio that chance does not reach.
ON_SHARES, ON_WORSE, ON_STYLE, ON_METRICS = 0.6, 0.15, 0.15, 0.1
