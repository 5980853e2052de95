"""The tab of trainings."""
