"""What pages share: the layout of graphs, their SVG, and one style."""
