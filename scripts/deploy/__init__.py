"""Replicas: images, compose, Kubernetes, nginx, and a test that takes replicas away."""
