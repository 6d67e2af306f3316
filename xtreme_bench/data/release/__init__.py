"""From the forms in which corpora are released to the data folder's layout: `data prepare`."""

__all__ = ["found", "params", "prepare", "prepared", "retrieval"]
