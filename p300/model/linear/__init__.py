"""LINEAR: classifiers that are one weight vector and one bias, from sums."""
