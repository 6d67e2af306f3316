"""From the forms in which corpora are released to the data folder's layout: `data prepare`."""

__all__ = ["archives", "bounded", "found", "params", "prepare", "prepared", "retrieval"]
