"""A stretch of a recording → what happened in it: a panel of facts, and a telling that keeps to them."""
