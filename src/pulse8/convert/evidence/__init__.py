"""All that the line measured, gathered from its files, as one page that concludes: ship or do not ship."""
