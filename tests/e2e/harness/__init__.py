"""Private clusters, databases, folders of workbooks and the comparison with what an independent reader saw."""
