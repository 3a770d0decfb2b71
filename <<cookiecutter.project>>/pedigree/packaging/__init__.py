"""The bundle for deployment: model, signature, lineage and model card."""
