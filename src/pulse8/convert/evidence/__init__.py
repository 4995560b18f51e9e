"""What the line measured, gathered from its files, as one page that ends in ship or do not ship."""
