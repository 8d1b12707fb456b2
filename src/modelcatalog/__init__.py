from modelcatalog.errors import *
from modelcatalog.catalog import parse, resolve, parse_many
from modelcatalog import catalog
