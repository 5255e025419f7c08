"""Prints the CloudFormation that AWS translates a SAM template to, for linters that do not support SAM."""

import json
import sys

from boto3.session import Session
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

with open(sys.argv[1], encoding="utf-8") as file:
    template = yaml_parse(file.read())
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Serverless::Function":
        resource["Properties"]["CodeUri"] = "s3://bucket/key"  # `sam deploy` uploads the code; the translator accepts no path
translator = Translator(managed_policy_map={}, sam_parser=Parser(), boto_session=Session(region_name="us-east-1"))
json.dump(translator.translate(template, parameter_values={}), sys.stdout, indent=2)
