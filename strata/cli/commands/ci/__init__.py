"""Run the steps of the GitHub workflows, in a job or anywhere else."""
