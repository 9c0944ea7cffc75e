"""AVESA on AWS, as a CDK app: `cdk deploy --all` makes one environment of it."""
