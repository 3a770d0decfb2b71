"""The bundle that is deployed: model, signature, lineage and card."""
