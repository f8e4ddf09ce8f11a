"""The laboratory: a matrix of measurements, run, cached, merged, compared and exported."""
