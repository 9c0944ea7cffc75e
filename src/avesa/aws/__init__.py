"""AVESA on AWS: the AWS side of the ports, and the Lambda functions over the same stages that the command line runs."""
