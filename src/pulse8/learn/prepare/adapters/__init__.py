"""Everyone's data sets on disk: one small file each, over the contract in ``adapter``; ``catalogue`` lists them."""
