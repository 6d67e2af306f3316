"""From the forms in which corpora are released to the data folder's layout: `data prepare`."""
